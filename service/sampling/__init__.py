"""Quality assurance by sampling: plans, blind double reading, and estimates with intervals weighted by the design."""
