// The report page: details of a mark, evidence marked by selecting words, and keys. All of it is possible without.
import { listen, move } from './keys.js'
import { markSelections } from './selecting.js'
import { showDetails } from './details.js'

for (const place of document.querySelectorAll('[data-with-script]')) place.hidden = false

const text = document.getElementById('report-text')
const form = document.getElementById('decide-form')
const marks = [...text.querySelectorAll('a.fs-label')]
const shown = () => marks.filter((mark) => mark.offsetParent !== null)
showDetails(text, marks, form)
if (form) markSelections(text, form)

let last
const back = document.querySelector('.govuk-back-link')
const undo = document.querySelector('.fs-done__undo')
listen({
  j: () => { last = move(shown(), 1, last) },
  k: () => { last = move(shown(), -1, last) },
  u: () => { back.click() },
  z: () => { if (!undo) return false; undo.click() },
  n: () => { if (!form) return false; document.getElementById('note').focus() }
}, decideBy)

// Out of a field with Escape; Ctrl and Enter (or Cmd) decides from anywhere in the form.
if (form) {
  form.addEventListener('keydown', (event) => {
    if (event.key === 'Enter' && (event.ctrlKey || event.metaKey)) { event.preventDefault(); form.requestSubmit() }
    if (event.key === 'Escape' && event.target.closest('textarea, select, input')) event.target.blur()
  })
}

// Leaving, signing out included, asks first while the form holds what is kept nowhere; sending the form asks nothing.
if (form) {
  // As the page came. A hidden field and a select mean nothing here without the field beside them.
  const fields = () => [...form.elements].filter((field) => field.matches('input, textarea'))
  const typed = () => fields().some((field) => field.value !== field.defaultValue || field.checked !== field.defaultChecked)
  let sent = false
  form.addEventListener('submit', () => { sent = true })
  window.addEventListener('beforeunload', (event) => {
    if (!sent && ('unsaved' in form.dataset || typed())) event.preventDefault()
  })
}

// A digit chooses the outcome, then a letter the reason, and that decides. What is missing is said by the page.
function decideBy (key) {
  if (!form) return false
  const outcome = form.querySelector(`[data-digit="${CSS.escape(key)}"]`)
  if (outcome) {
    outcome.click()
    outcome.focus()
    // Its reasons, with their letters, can lie below the window.
    document.getElementById(`conditional-${outcome.value}`).scrollIntoView({ block: 'nearest' })
    return true
  }
  const chosen = form.querySelector('[data-digit]:checked')
  const reasons = chosen && document.getElementById(`conditional-${chosen.value}`)
  const reason = reasons && reasons.querySelector(`[data-letter="${CSS.escape(key)}"]`)
  if (!reason) return false
  reason.checked = true
  // The reason names the section: choosing it by key chooses the offence too.
  const offence = reason.dataset.offence && form.querySelector(`[name=offence][value="${CSS.escape(reason.dataset.offence)}"]`)
  if (offence) offence.checked = true
  const missing = [reason.value === 'other' && form.note, chosen.value === 'ask_officer' && form.question].find((field) => field && !field.value.trim())
  if (missing) missing.focus()
  else form.requestSubmit()
  return true
}
