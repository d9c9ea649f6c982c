// Builds what the pages need into static/govuk and static/swagger (both ignored by git): `npm run build`.
// The stylesheet is compiled, not copied, for one reason: the GDS Transport typeface may be used on gov.uk only, so
// ours is set in Arial and no font is shipped.
import { cpSync, mkdirSync, rmSync, writeFileSync } from 'node:fs'
import { dirname, join } from 'node:path'
import { fileURLToPath } from 'node:url'
import * as sass from 'sass'

const here = dirname(fileURLToPath(import.meta.url))
const modules = join(here, '..', '..', 'node_modules')
const govuk = join(here, 'static', 'govuk')
const swagger = join(here, 'static', 'swagger')

rmSync(govuk, { recursive: true, force: true })
rmSync(swagger, { recursive: true, force: true })
mkdirSync(govuk, { recursive: true })
mkdirSync(swagger, { recursive: true })

const source = `@use "pkg" as *;`.replace('pkg', 'govuk-frontend/dist/govuk') // kept apart from the settings below
const { css } = sass.compileString(
  source.replace('as *', 'with ($govuk-font-family: (arial, sans-serif), $govuk-include-default-font-face: false)'),
  { loadPaths: [modules], style: 'compressed', quietDeps: true }
)
writeFileSync(join(govuk, 'govuk-frontend.min.css'), css)
cpSync(join(modules, 'govuk-frontend/dist/govuk/govuk-frontend.min.js'), join(govuk, 'govuk-frontend.min.js'))

for (const name of ['swagger-ui.css', 'swagger-ui-bundle.js']) {
  cpSync(join(modules, 'swagger-ui-dist', name), join(swagger, name))
}
