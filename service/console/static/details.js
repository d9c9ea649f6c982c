// What a mark says: behaviour, paragraph of the Act, status and weight, on hover and on focus. Read from the table of marks,
// which says the same to everybody. Escape puts it away; the pointer may move onto it.
export function showDetails (text, marks, form) {
  if (marks.length === 0) return
  const box = document.createElement('div')
  box.className = 'fs-detail'
  box.id = 'mark-detail'
  box.setAttribute('role', 'status')
  box.hidden = true
  document.querySelector('main').append(box)
  let leaving
  let current

  const hide = () => { box.hidden = true; current = undefined }
  const stay = () => clearTimeout(leaving)
  const later = () => { stay(); leaving = setTimeout(hide, 250) }
  // The pointer going elsewhere does not put away what the focus shows.
  const pointerLeft = () => { if (document.activeElement !== current && !box.contains(document.activeElement)) later() }

  function show (mark) {
    stay()
    if (mark === current) return
    current = mark
    const number = mark.id.replace('mark-', '')
    const row = document.getElementById(`row-${number}`)
    if (!row) return
    const cells = [...row.cells].map((cell) => cell.textContent.trim())
    box.replaceChildren(line(`${number} ${cells[2]}`, 'strong'), line(row.dataset.plain), line(`${cells[3]}. Weight ${cells[4]}.`))
    const tick = row.querySelector('[name=wrong]')
    if (tick && form) box.append(actions(mark, number, tick))
    box.hidden = false
    place(mark)
  }

  function line (words, tag = 'span') {
    const paragraph = document.createElement('p')
    const inner = document.createElement(tag)
    inner.textContent = words
    paragraph.append(inner)
    return paragraph
  }

  function actions (mark, number, tick) {
    const row = document.createElement('p')
    row.className = 'fs-detail__acts'
    row.append(
      button(tick.checked ? 'Keep this mark' : 'This mark is wrong', () => {
        tick.checked = !tick.checked
        tick.dispatchEvent(new Event('change', { bubbles: true }))
        hide()
        mark.focus()
      }),
      button('Change it', () => {
        hide()
        change(number)
      })
    )
    return row
  }

  function button (words, act) {
    const made = document.createElement('button')
    made.type = 'button'
    made.className = 'fs-link-button'
    made.textContent = words
    made.addEventListener('click', act)
    return made
  }

  function change (number) {
    document.getElementById('correct').open = true
    const fields = [...form.querySelectorAll('[name=change_mark]')]
    let field = fields.find((one) => one.value === number) ?? fields.find((one) => one.value === '')
    if (!field) {
      const row = fields.at(-1).closest('.fs-row').cloneNode(true)
      fields.at(-1).closest('.fs-row').after(row)
      field = row.querySelector('[name=change_mark]')
      for (const select of row.querySelectorAll('select')) select.value = ''
    }
    field.value = number
    field.closest('.fs-row').querySelector('select').focus()
  }

  function place (mark) {
    const at = mark.getBoundingClientRect()
    // Within the text's own column: the decision beside it stays in sight.
    const left = Math.min(at.left, text.getBoundingClientRect().right - box.offsetWidth)
    box.style.left = `${Math.max(10, left) + window.scrollX}px`
    const below = at.bottom + 6
    const fits = below + box.offsetHeight < window.innerHeight || at.top < box.offsetHeight
    box.style.top = `${(fits ? below : at.top - box.offsetHeight - 6) + window.scrollY}px`
  }

  for (const mark of marks) {
    mark.setAttribute('aria-describedby', 'mark-detail')
    mark.addEventListener('mouseenter', () => show(mark))
    mark.addEventListener('focus', () => show(mark))
    // Without this file a label leads to its row of the table, far below; with it, what the row says stands right here.
    mark.addEventListener('click', (event) => { event.preventDefault(); mark.focus(); show(mark) })
    mark.addEventListener('mouseleave', pointerLeft)
    mark.addEventListener('blur', (event) => { if (!box.contains(event.relatedTarget)) later() })
  }
  box.addEventListener('mouseenter', stay)
  box.addEventListener('mouseleave', pointerLeft)
  box.addEventListener('focusin', stay)
  box.addEventListener('focusout', (event) => { if (!box.contains(event.relatedTarget)) later() })
  document.addEventListener('keydown', (event) => {
    if (event.key !== 'Escape' || box.hidden) return
    if (box.contains(document.activeElement)) current?.focus()
    hide()
  })
  // From a mark in focus, Tab goes into its detail and on from there, as if it stood in the text.
  document.addEventListener('keydown', (event) => {
    if (event.key !== 'Tab' || event.shiftKey || box.hidden) return
    const buttons = [...box.querySelectorAll('button')]
    if (document.activeElement === current && buttons.length) {
      event.preventDefault()
      stay()
      buttons[0].focus()
    } else if (document.activeElement === buttons.at(-1)) {
      current.focus()
      hide()
    }
  })
  document.addEventListener('change', (event) => {
    if (event.target.name !== 'wrong') return
    document.getElementById(`mark-${event.target.value}`)?.classList.toggle('fs-label--wrong', event.target.checked)
  })
  for (const tick of document.querySelectorAll('[name=wrong]:checked')) {
    document.getElementById(`mark-${tick.value}`)?.classList.add('fs-label--wrong')
  }
}
