// Before the page is drawn: tells the stylesheet that scripts run, as GOV.UK Frontend expects.
'use strict'
document.body.classList.add('js-enabled')
if ('noModule' in HTMLScriptElement.prototype) document.body.classList.add('govuk-frontend-supported')
