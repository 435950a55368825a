import { useEffect, useRef } from "react";
import { Link } from "react-router";

import { formatMoney } from "@/shared/money";
import { paths } from "@/shared/paths";

import type { Product } from "../product";
import "./product-grid.css";

interface ProductGridProps {
  products: readonly Product[];
  /** Takes the focus when it appears: the first product that "load more" brought. */
  focusIndex: number | null;
}

export function ProductGrid({ products, focusIndex }: ProductGridProps) {
  const list = useRef<HTMLUListElement>(null);
  useEffect(() => {
    if (focusIndex === null) return;
    list.current?.children[focusIndex]?.querySelector("a")?.focus({ preventScroll: true });
  }, [focusIndex]);

  return (
    <ul className="product-grid" ref={list}>
      {products.map((product, index) => (
        <li key={product.productId}>
          <ProductCard product={product} eager={index < 4} />
        </li>
      ))}
    </ul>
  );
}

function ProductCard({ product, eager }: { product: Product; eager: boolean }) {
  const [picture] = product.pictures;
  return (
    <article className="product-card">
      <div className="product-card-picture">
        {picture && <img src={picture.url} alt="" width="640" height="640" loading={eager ? "eager" : "lazy"} />}
      </div>
      <h2>
        <Link to={paths.product(product.productId)}>{product.name}</Link>
      </h2>
      <p className="product-card-facts">
        <span className="product-card-category">{product.category}</span>
        <span className="price">{formatMoney(product.price)}</span>
      </p>
    </article>
  );
}
