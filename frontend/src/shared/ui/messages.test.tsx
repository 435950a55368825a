import { render, screen } from "@testing-library/react";
import userEvent from "@testing-library/user-event";
import { describe, expect, it, vi } from "vitest";

import { ApiError } from "@/shared/api/api-error";

import { ErrorMessage } from "./messages";

const shown = (error: unknown) => {
  render(<ErrorMessage error={error} />);
  return Array.from(screen.getByRole("alert").children, (child) => child.textContent);
};

describe("an error on the page", () => {
  it("is written in sentences", () => {
    const error = new ApiError(409, { title: "out of stock", detail: "there are only two left" });
    expect(shown(error)).toEqual(["Out of stock", "There are only two left."]);
  });

  it("lists everything that is wrong", () => {
    const errors = ["/items", "/address/city"].map((pointer, index) => ({ pointer, detail: `fault ${index}` }));
    expect(shown(new ApiError(422, { title: "Unacceptable values", detail: "2 values", errors }))).toEqual([
      "Unacceptable values",
      "Fault 0.",
      "Fault 1.",
    ]);
  });

  it("does not show a machine's title, nor a programmer's message", () => {
    expect(shown(new ApiError(500, { title: "Internal Server Error", detail: "it has been recorded" }))).toEqual([
      "This did not work",
      "It has been recorded.",
    ]);
  });

  it("hides what nobody can use", () => {
    expect(shown(new TypeError("x is undefined")).join()).not.toContain("undefined");
  });

  it("can be tried again", async () => {
    const retry = vi.fn();
    render(<ErrorMessage error={null} onRetry={retry} />);
    await userEvent.click(screen.getByRole("button", { name: "Try again" }));
    expect(retry).toHaveBeenCalledTimes(1);
  });
});
