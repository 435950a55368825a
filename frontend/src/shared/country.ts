const names = new Intl.DisplayNames("en", { type: "region", fallback: "code" });

/** The country's name for its two letters; what is no country code is shown as it is. */
export const countryName = (code: string): string => (/^[A-Z]{2}$/.test(code) ? (names.of(code) ?? code) : code);
