// j and k move through the queue; Enter opens the report in focus (a link: the browser does that).
import { listen, move } from './keys.js'

const rows = [...document.querySelectorAll('[data-row]')]
const undo = document.querySelector('.fs-done__undo')
let last
listen({
  j: () => { last = move(rows, 1, last) },
  k: () => { last = move(rows, -1, last) },
  z: () => { if (!undo) return false; undo.click() }
})
