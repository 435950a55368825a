import { countryName } from "@/shared/country";
import { SelectField, TextField } from "@/shared/ui/field";

import { countries, type AddressErrors } from "../address-form";

const choices = countries
  .map((code) => ({ code, name: countryName(code) }))
  .sort((left, right) => left.name.localeCompare(right.name));

export function AddressFields({ errors }: { errors: AddressErrors }) {
  return (
    <>
      <TextField label="Full name" name="name" autoComplete="name" maxLength={100} error={errors.name} />
      <TextField label="Street and number" name="street" autoComplete="street-address" maxLength={100} error={errors.street} />
      <div className="form-row">
        <TextField label="Postal code" name="postalCode" autoComplete="postal-code" maxLength={10} error={errors.postalCode} />
        <TextField label="City" name="city" autoComplete="address-level2" maxLength={100} error={errors.city} />
      </div>
      <SelectField label="Country" name="country" autoComplete="country" defaultValue="" error={errors.country}>
        <option value="" disabled>
          Please choose
        </option>
        {choices.map(({ code, name }) => (
          <option key={code} value={code}>
            {name}
          </option>
        ))}
      </SelectField>
    </>
  );
}
