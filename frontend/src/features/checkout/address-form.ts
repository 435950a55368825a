import type { Address } from "@/features/orders/order";
import type { Violation } from "@/shared/api/api-error";

export type AddressErrors = Partial<Record<keyof Address, string>>;

/** Where we deliver to: the countries of the European Union. */
export const countries: readonly string[] =
  "AT BE BG CY CZ DE DK EE ES FI FR GR HR HU IE IT LT LU LV MT NL PL PT RO SE SI SK".split(" ");

const needed: Record<keyof Address, string> = {
  name: "Please tell us who receives the parcel.",
  street: "Please enter street and house number.",
  postalCode: "Please enter the postal code.",
  city: "Please enter the city.",
  country: "Please choose a country.",
};

const fieldNames = Object.keys(needed) as (keyof Address)[];

/** What the shop itself found wrong with the address, beside the fields that it is about. */
export function addressErrors(violations: readonly Violation[]): AddressErrors {
  return Object.fromEntries(
    fieldNames.flatMap((name) => {
      const violation = violations.find(({ pointer }) => pointer === `/address/${name}`);
      return violation ? [[name, `Please correct this: ${violation.detail}.`]] : [];
    }),
  );
}

/** Reads the form; either every field is good or the errors say which is not. */
export function readAddress(form: FormData): { address: Address; errors: null } | { address: null; errors: AddressErrors } {
  const field = (name: keyof Address) => {
    const value = form.get(name);
    return typeof value === "string" ? value.trim().replace(/\s+/g, " ") : "";
  };
  const address: Address = {
    name: field("name"),
    street: field("street"),
    postalCode: field("postalCode"),
    city: field("city"),
    country: field("country"),
  };
  const errors: AddressErrors = {};
  for (const name of fieldNames) {
    if (address[name] === "") errors[name] = needed[name];
  }
  if (address.postalCode !== "" && !/^[\p{L}\d][\p{L}\d -]{1,9}$/u.test(address.postalCode)) {
    errors.postalCode = "This does not look like a postal code.";
  }
  if (address.country !== "" && !countries.includes(address.country)) errors.country = needed.country;
  return Object.keys(errors).length > 0 ? { address: null, errors } : { address, errors: null };
}
