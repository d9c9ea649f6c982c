// j and k move through the queue, Enter opens the report in focus (a link: the browser does that).
// Single-letter keys can get in the way of speech input, so a button turns them off and this browser remembers.
const KEY = 'foursight-keys-off'
const rows = [...document.querySelectorAll('[data-row]')]
const place = document.getElementById('keys')

if (place && rows.length > 0) {
  const button = document.createElement('button')
  button.type = 'button'
  button.className = 'fs-link-button'
  const off = () => window.localStorage.getItem(KEY) === '1'
  const say = () => { button.textContent = off() ? 'Turn on keys j and k' : 'Keys j, k and Enter are on. Turn off' }
  button.addEventListener('click', () => {
    window.localStorage.setItem(KEY, off() ? '0' : '1')
    say()
  })
  say()
  place.append(button)
  place.hidden = false

  document.addEventListener('keydown', (event) => {
    if (off() || event.ctrlKey || event.metaKey || event.altKey) return
    if (event.target instanceof Element && event.target.closest('input, select, textarea')) return
    const step = { j: 1, k: -1 }[event.key]
    if (!step) return
    const now = rows.indexOf(document.activeElement)
    const next = now === -1 ? (step === 1 ? 0 : rows.length - 1) : Math.min(rows.length - 1, Math.max(0, now + step))
    rows[next].focus()
    event.preventDefault()
  })
}
