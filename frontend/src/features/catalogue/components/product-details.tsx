import type { ReactNode } from "react";

import { formatMoney } from "@/shared/money";
import { PageHeading } from "@/shared/ui/page";

import type { Product } from "../product";
import "./product-details.css";

/** Everything about one product; `children` are what one can do with it. */
export function ProductDetails({ product, children }: { product: Product; children: ReactNode }) {
  return (
    <div className="product-details">
      <div className="product-pictures">
        {product.pictures.map((picture) => (
          <img key={picture.url} src={picture.url} alt={picture.alt} width="640" height="640" />
        ))}
      </div>
      <div>
        <PageHeading>{product.name}</PageHeading>
        <p className="product-price price">{formatMoney(product.price)}</p>
        <p className="product-note">Including VAT. Delivered within the European Union.</p>
        {children}
        <div className="product-description">
          {product.description.split("\n\n").map((paragraph) => (
            <p key={paragraph}>{paragraph}</p>
          ))}
        </div>
        {product.tags.length > 0 && (
          <ul className="tags" aria-label="Properties">
            {product.tags.map((tag) => (
              <li key={tag}>{tag}</li>
            ))}
          </ul>
        )}
      </div>
    </div>
  );
}
