// A chunk of its own, which nobody loads who does not read the documentation.
import SwaggerUI from "swagger-ui-dist/swagger-ui-es-bundle.js";
import "swagger-ui-dist/swagger-ui.css";

import type { ApiDocument } from "./documents";

interface Reader {
  /** A token to call with; null when nobody is logged in. */
  token: () => Promise<string | null>;
  onShown: () => void;
}

/** Shows the document in `element`, with forms to try each call. */
export function explore(element: HTMLElement, document: ApiDocument, { token, onShown }: Reader): void {
  SwaggerUI({
    domNode: element,
    spec: document,
    docExpansion: "list",
    defaultModelsExpandDepth: 0,
    displayRequestDuration: true,
    filter: true,
    tryItOutEnabled: true,
    validatorUrl: null,
    requestInterceptor: async (request) => {
      // The token is for this shop and nobody else: calls between services go elsewhere.
      const own = new URL(request.url, location.href).origin === location.origin;
      const bearer = own ? await token() : null;
      if (bearer !== null) request.headers.Authorization = `Bearer ${bearer}`;
      return request;
    },
    onComplete: onShown,
  });
}
