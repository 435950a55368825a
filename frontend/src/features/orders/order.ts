import type { Money } from "@/shared/money";

export interface Address {
  readonly name: string;
  readonly street: string;
  readonly city: string;
  readonly postalCode: string;
  /** ISO 3166-1, two letters. */
  readonly country: string;
}

export interface OrderItem {
  readonly productId: string;
  /** In which of its sizes, if it comes in several. */
  readonly size?: string | null;
  readonly name: string;
  readonly quantity: number;
  readonly unitPrice: Money;
  /** Address of the product's picture, where it has one. */
  readonly picture?: string | null;
}

export interface Order {
  readonly orderId: string;
  /** NEW, CONFIRMED, PACKAGED, PACKAGING_FAILED, FULFILLED, DELIVERY_FAILED or CANCELLED. */
  readonly status: string;
  readonly createdDate: string;
  readonly modifiedDate: string;
  readonly items: readonly OrderItem[];
  readonly address: Address;
  readonly deliveryPrice: Money;
  /** What a promotion takes off. */
  readonly discount?: Money | null;
  /** Items, less discount, and delivery. */
  readonly total: Money;
}

export interface OrderRequest {
  readonly items: readonly { readonly productId: string; readonly size?: string; readonly quantity: number }[];
  readonly address: Address;
  /** What the customer was shown; the shop refuses the order when it asks for another. */
  readonly deliveryPrice: Money;
  /** What the payment provider gave for the total. */
  readonly paymentToken: string;
}

/** Accepted and in the queue: its status is about to change. */
export const isWaiting = (order: Order): boolean => order.status === "NEW";

/** The end of an order's number is the part that differs between orders; enough to talk about one. */
export const shortOrderId = (orderId: string): string => orderId.slice(-8);
