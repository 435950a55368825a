interface Named {
  readonly name: string;
  readonly size?: string | null | undefined;
}

/** What a line of a cart or an order is called: the product's name with the size, where there is one. */
export const titleOf = ({ name, size }: Named): string => (size ? `${name}, size ${size}` : name);
