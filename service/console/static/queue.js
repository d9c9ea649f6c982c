// j and k move through the queue; Enter opens the report in focus (a link: the browser does that).
import { listen, move } from './keys.js'

const rows = [...document.querySelectorAll('[data-row]')]
let last
listen({
  j: () => { last = move(rows, 1, last) },
  k: () => { last = move(rows, -1, last) }
})
