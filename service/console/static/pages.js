// GOV.UK Frontend's own behaviour: the menu on narrow screens, error summaries that take the focus.
import { initAll } from './govuk/govuk-frontend.min.js'

initAll()
