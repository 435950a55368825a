import type { Money } from "@/shared/money";

export interface Picture {
  readonly url: string;
  readonly alt: string;
}

export interface Product {
  readonly productId: string;
  readonly name: string;
  readonly description: string;
  readonly category: string;
  readonly price: Money;
  readonly pictures: readonly Picture[];
  readonly tags: readonly string[];
  /** The sizes that it comes in; none when there is only one. */
  readonly sizes: readonly string[];
  readonly createdDate: string;
  readonly modifiedDate: string;
}

export interface Category {
  readonly name: string;
  readonly count: number;
}
