// Single-letter keys, shared by the queue and the report. They can get in the way of speech input, so a switch turns
// them off and this browser remembers.
const KEY = 'foursight-keys-off'
const help = document.getElementById('keys')
const off = () => window.localStorage.getItem(KEY) === '1'

/** Listen for single keys: `actions` maps a key to what it does; `other` gets every key that it does not name. */
export function listen (actions, other = () => false) {
  const all = { '?': showHelp, ...actions }
  document.addEventListener('keydown', (event) => {
    if (off() || event.ctrlKey || event.metaKey || event.altKey || event.defaultPrevented) return
    const target = event.target instanceof Element ? event.target : document.body
    if (target.closest('textarea, select, input:not([type=radio], [type=checkbox])')) return
    const action = all[event.key]
    if (action ? action() !== false : other(event.key)) event.preventDefault()
  })
}

/** Move the focus by `step` through `places`, from the one that has it or was last. */
export function move (places, step, last) {
  const now = places.indexOf(places.includes(document.activeElement) ? document.activeElement : last)
  const next = now === -1 ? (step === 1 ? 0 : places.length - 1) : Math.min(places.length - 1, Math.max(0, now + step))
  places[next]?.focus()
  return places[next]
}

function showHelp () {
  if (!help) return false
  help.open = !help.open
  if (help.open) help.querySelector('summary').focus()
}

if (help) {
  const button = help.querySelector('[data-keys-switch]')
  const say = () => {
    button.textContent = off() ? 'Turn the keys on' : 'Turn the keys off'
    document.documentElement.classList.toggle('fs-keys-on', !off())
  }
  button.addEventListener('click', () => {
    window.localStorage.setItem(KEY, off() ? '0' : '1')
    say()
  })
  say()
  help.hidden = false
}
