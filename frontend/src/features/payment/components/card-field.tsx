import { TextField } from "@/shared/ui/field";

/** The number of a card. A form reads it with `readCardNumber` and judges it with `cardError`. */
export function CardField({ hint, error }: { hint: string; error: string | undefined }) {
  return (
    <TextField
      label="Card number"
      name="cardNumber"
      autoComplete="cc-number"
      inputMode="numeric"
      maxLength={23}
      hint={hint}
      error={error}
    />
  );
}
