import { useRef, useState } from "react";
import { Link } from "react-router";

import type { Product } from "@/features/catalogue/product";
import { paths } from "@/shared/paths";
import { SelectField } from "@/shared/ui/field";

import { cartActions } from "../cart-store";
import { QuantityField } from "./quantity-field";
import "./add-to-cart.css";

export function AddToCart({ product }: { product: Product }) {
  const [quantity, setQuantity] = useState(1);
  const [added, setAdded] = useState<number | null>(null);
  const [size, setSize] = useState("");
  const [error, setError] = useState<string>();
  const choice = useRef<HTMLSelectElement>(null);
  const { sizes } = product;

  function add() {
    if (sizes.length > 0 && size === "") {
      setError("Please choose a size.");
      setAdded(null);
      choice.current?.focus();
      return;
    }
    const { productId, name, price, pictures } = product;
    cartActions.add({ productId, size: size || null, name, price, picture: pictures[0] ?? null, quantity });
    setAdded(quantity);
    setQuantity(1);
  }

  return (
    <div className="add-to-cart">
      {sizes.length > 0 && (
        <SelectField
          label="Size"
          ref={choice}
          value={size}
          error={error}
          onChange={({ target }) => {
            setSize(target.value);
            setError(undefined);
          }}
        >
          <option value="" disabled>
            Please choose
          </option>
          {sizes.map((size) => (
            <option key={size}>{size}</option>
          ))}
        </SelectField>
      )}
      <div className="add-to-cart-row">
        <QuantityField label="Quantity" value={quantity} onChange={setQuantity} />
        <button type="button" className="button" onClick={add}>
          Add to cart
        </button>
      </div>
      <div role="status">
        {added !== null && (
          <p className="message message-info">
            {added === 1 ? "Added to your cart." : `Added ${added} to your cart.`} <Link to={paths.cart}>Go to cart</Link>
          </p>
        )}
      </div>
    </div>
  );
}
