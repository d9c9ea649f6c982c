// Shows the OpenAPI document with Swagger UI. Keys typed here are not kept.
'use strict'
window.SwaggerUIBundle({ url: '/openapi.json', dom_id: '#swagger-ui', deepLinking: false, persistAuthorization: false, validatorUrl: null })
