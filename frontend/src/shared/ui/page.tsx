import { useEffect, useRef, type ReactNode } from "react";
import { NavigationType, useLocation, useNavigationType } from "react-router";

interface PageProps {
  title: string;
  /** The heading, where it says more than the title. */
  heading?: ReactNode;
  width?: "wide" | "reading" | "form";
  children: ReactNode;
}

/**
 * A page with its title and its one heading. After a navigation the heading takes the focus, so that a screen
 * reader says where one is and the next Tab starts there.
 */
export function Page({ title, heading, width = "wide", children }: PageProps) {
  return (
    <div className={`page page-${width}`}>
      <title>{`${title} · Tarnside`}</title>
      <PageHeading>{heading ?? title}</PageHeading>
      {children}
    </div>
  );
}

export function PageHeading({ children, className }: { children: ReactNode; className?: string }) {
  const heading = useRef<HTMLHeadingElement>(null);
  const { pathname, key } = useLocation();
  const navigation = useNavigationType();
  useEffect(() => {
    // Not on the first load, and not when the browser restores a scroll position.
    if (key !== "default" && navigation !== NavigationType.Pop) heading.current?.focus({ preventScroll: true });
    // eslint-disable-next-line react-hooks/exhaustive-deps -- a changed query is the same page
  }, [pathname]);
  return (
    <h1 ref={heading} tabIndex={-1} className={className}>
      {children}
    </h1>
  );
}
