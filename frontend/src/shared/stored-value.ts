import { useSyncExternalStore } from "react";

/**
 * A value in the browser's storage that components can watch, in step across tabs.
 * Where the storage is full or forbidden the value lives as long as the page.
 */
export interface StoredValue<T> {
  get: () => T;
  set: (value: T) => void;
  subscribe: (listener: () => void) => () => void;
}

/** `parse` gets whatever an earlier version, or a person, left under the key; it must not throw. */
export function storedValue<T>(key: string, parse: (stored: unknown) => T): StoredValue<T> {
  const listeners = new Set<() => void>();
  const notify = () => {
    for (const listener of listeners) listener();
  };
  let value = parse(read(key));

  window.addEventListener("storage", (event) => {
    // A null key means that everything was cleared.
    if (event.storageArea !== localStorage || (event.key !== key && event.key !== null)) return;
    value = parse(read(key));
    notify();
  });

  return {
    get: () => value,
    set: (next) => {
      value = next;
      write(key, next);
      notify();
    },
    subscribe: (listener) => {
      listeners.add(listener);
      return () => listeners.delete(listener);
    },
  };
}

export const useStoredValue = <T>(stored: StoredValue<T>): T => useSyncExternalStore(stored.subscribe, stored.get);

function read(key: string): unknown {
  try {
    return JSON.parse(localStorage.getItem(key) ?? "null");
  } catch {
    return null;
  }
}

function write(key: string, value: unknown) {
  try {
    if (value === null) localStorage.removeItem(key);
    else localStorage.setItem(key, JSON.stringify(value));
  } catch {
    // Private mode or a full disk: the page goes on without persistence.
  }
}
