// The part of https://swagger.io/docs/open-source-tools/swagger-ui/usage/configuration/ that is used here.
declare module "swagger-ui-dist/swagger-ui-es-bundle.js" {
  interface Request {
    url: string;
    headers: Record<string, string>;
  }
  interface Options {
    domNode: HTMLElement;
    spec: object;
    docExpansion: "list" | "full" | "none";
    defaultModelsExpandDepth: number;
    displayRequestDuration: boolean;
    filter: boolean;
    tryItOutEnabled: boolean;
    validatorUrl: null;
    requestInterceptor: (request: Request) => Promise<Request>;
    onComplete: () => void;
  }
  export default function SwaggerUI(options: Options): unknown;
}
