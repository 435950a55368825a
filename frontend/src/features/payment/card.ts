const digits = 16;

/** The number as the payment provider reads it: without what people put between its groups. */
export function readCardNumber(form: FormData): string {
  const value = form.get("cardNumber");
  return typeof value === "string" ? value.replace(/[\s-]/g, "") : "";
}

/** What is wrong with a card number, as far as it can be seen here: its length and its check digit. */
export function cardError(number: string): string | undefined {
  if (number === "") return "Please enter the number of your card.";
  if (!/^\d+$/.test(number) || number.length !== digits) return `A card number has ${String(digits)} digits.`;
  return passesLuhn(number) ? undefined : "This is not a card number; please check its digits.";
}

/** ISO/IEC 7812-1, annex B: from the right, every second digit is doubled, and the sum of all digits ends in 0. */
function passesLuhn(number: string): boolean {
  const total = Array.from(number)
    .reverse()
    .map((digit, index) => Number(digit) * (index % 2 === 0 ? 1 : 2))
    .reduce((total, value) => total + (value > 9 ? value - 9 : value), 0);
  return total % 10 === 0;
}
