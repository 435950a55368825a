import { maximumQuantity } from "../cart";
import "./quantity-field.css";

interface QuantityFieldProps {
  /** Whose quantity it is, for those who do not see the row. */
  label: string;
  value: number;
  onChange: (quantity: number) => void;
}

export function QuantityField({ label, value, onChange }: QuantityFieldProps) {
  return (
    <div className="quantity" role="group" aria-label={label}>
      <button type="button" aria-label="One less" aria-disabled={value <= 1} onClick={() => value > 1 && onChange(value - 1)}>
        −
      </button>
      <output aria-live="polite">{value}</output>
      <button
        type="button"
        aria-label="One more"
        aria-disabled={value >= maximumQuantity}
        onClick={() => value < maximumQuantity && onChange(value + 1)}
      >
        +
      </button>
    </div>
  );
}
