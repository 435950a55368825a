const format = new Intl.DateTimeFormat("en-IE", { dateStyle: "long", timeStyle: "short" });

export const OrderDate = ({ value }: { value: string }) => <time dateTime={value}>{format.format(new Date(value))}</time>;
