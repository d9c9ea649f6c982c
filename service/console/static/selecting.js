// Words that are selected in the report become a mark: a small bar asks which behaviour, and a row of the form keeps them.
// Offsets are code points of the text as stored; each stretch of it carries its own in data-at.
export function markSelections (text, form) {
  const first = form.querySelector('[data-row-of=add]')
  const bar = document.createElement('div')
  bar.className = 'fs-detail'
  bar.setAttribute('role', 'group')
  bar.setAttribute('aria-label', 'Mark the selected words')
  bar.hidden = true
  const code = first.querySelector('[name=add_code]').cloneNode(true)
  const status = first.querySelector('[name=add_status]').cloneNode(true)
  for (const [select, label] of [[code, 'Behaviour or context'], [status, 'Status']]) {
    select.removeAttribute('name')
    select.removeAttribute('id')
    select.setAttribute('aria-label', label)
  }
  const go = document.createElement('button')
  go.type = 'button'
  go.className = 'govuk-button govuk-button--secondary'
  go.textContent = 'Mark these words'
  bar.append(code, status, go)
  document.querySelector('main').append(bar)
  let range
  let found

  document.addEventListener('selectionchange', () => {
    if (bar.contains(document.activeElement)) return
    const selection = window.getSelection()
    if (selection.isCollapsed || selection.rangeCount === 0) bar.hidden = true
  })
  const offer = () => {
    const selection = window.getSelection()
    if (selection.isCollapsed || selection.rangeCount === 0 || bar.contains(document.activeElement)) return
    const chosen = selection.getRangeAt(0)
    if (!text.contains(chosen.commonAncestorContainer)) return
    const place = stretch(text, chosen)
    if (!place) return
    range = chosen.cloneRange()
    found = place
    code.value = ''
    const at = chosen.getBoundingClientRect()
    bar.hidden = false
    const left = Math.min(at.left, document.documentElement.clientWidth - bar.offsetWidth - 15)
    bar.style.left = `${Math.max(10, left) + window.scrollX}px`
    bar.style.top = `${at.bottom + 6 + window.scrollY}px`
  }
  document.addEventListener('mouseup', () => setTimeout(offer))
  document.addEventListener('touchend', () => setTimeout(offer, 50))
  document.addEventListener('keyup', (event) => { if (event.shiftKey || event.key === 'Shift') offer() })
  document.addEventListener('keydown', (event) => { if (event.key === 'Escape') bar.hidden = true })

  go.addEventListener('click', () => {
    if (!code.value) { code.focus(); return }
    const rows = [...form.querySelectorAll('[data-row-of=add]')]
    let row = rows.find((one) => !value(one, 'add_quote') && !value(one, 'add_start'))
    if (!row) {
      row = rows.at(-1).cloneNode(true)
      rows.at(-1).after(row)
    }
    set(row, 'add_quote', found.words)
    set(row, 'add_code', code.value)
    set(row, 'add_status', status.value)
    set(row, 'add_start', found.start)
    set(row, 'add_end', found.end)
    document.getElementById('correct').open = true
    highlight(range)
    bar.hidden = true
    window.getSelection().removeAllRanges()
    say('Marked. It goes with your decision.')
  })

  // Typing other words takes the offsets back: they were those of the words selected.
  form.addEventListener('input', (event) => {
    if (event.target.name !== 'add_quote') return
    const row = event.target.closest('[data-row-of=add]')
    set(row, 'add_start', '')
    set(row, 'add_end', '')
  })

  const live = document.createElement('p')
  live.className = 'govuk-visually-hidden'
  live.setAttribute('role', 'status')
  form.append(live)
  const say = (words) => { live.textContent = words }
}

const field = (row, name) => row.querySelector(`[name=${name}]`)
const value = (row, name) => field(row, name).value
const set = (row, name, to) => { field(row, name).value = to }

/** Start, end and words of a range in the stored text, without space at its ends; undefined when it holds no words. */
function stretch (text, range) {
  // Each character that is shown, and where it stands in the stored text: a carriage return before a line's end is stored but not shown.
  const shown = []
  for (const chunk of text.querySelectorAll('[data-at]')) {
    if (!range.intersectsNode(chunk)) continue
    const odd = chunk.classList.contains('fs-odd')
    const all = chunk.textContent
    const part = (container, offset) => container === chunk ? (offset ? all.length : 0) : offset
    const from = chunk.contains(range.startContainer) && !odd ? part(range.startContainer, range.startOffset) : 0
    const to = chunk.contains(range.endContainer) && !odd ? part(range.endContainer, range.endOffset) : all.length
    if (to <= from) continue
    const first = Number(chunk.dataset.at) + [...all.slice(0, from)].length
    // A character that is shown by its name is one character of the text.
    const characters = odd ? ['\ufffd'] : [...all.slice(from, to)]
    characters.forEach((character, i) => shown.push({ character, at: first + i }))
  }
  const blank = ({ character }) => !character.trim()
  while (shown.length && blank(shown[0])) shown.shift()
  while (shown.length && blank(shown.at(-1))) shown.pop()
  if (!shown.length) return undefined
  const words = shown.map(({ character }) => character).join('').replace(/\s+/g, ' ')
  return { start: shown[0].at, end: shown.at(-1).at + 1, words }
}

/** Paint a range without touching the page's markup, where the browser can. */
function highlight (range) {
  if (!window.CSS.highlights) return
  const painted = window.CSS.highlights.get('fs-added') ?? new window.Highlight()
  painted.add(range)
  window.CSS.highlights.set('fs-added', painted)
}
