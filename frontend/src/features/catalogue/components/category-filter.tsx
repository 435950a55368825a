import { Link } from "react-router";

import { paths } from "@/shared/paths";

import type { Category } from "../product";
import "./category-filter.css";

interface CategoryFilterProps {
  categories: readonly Category[];
  selected: string | null;
}

export function CategoryFilter({ categories, selected }: CategoryFilterProps) {
  const all = categories.reduce((count, category) => count + category.count, 0);
  const choices = [
    { label: "Everything", count: all, to: paths.home, isSelected: selected === null },
    ...categories.map(({ name, count }) => ({ label: name, count, to: paths.category(name), isSelected: selected === name })),
  ];
  return (
    <nav aria-label="Categories" className="category-filter">
      <ul>
        {choices.map(({ label, count, to, isSelected }) => (
          <li key={to}>
            <Link to={to} aria-current={isSelected ? "page" : undefined}>
              {label} <span className="category-count">{count}</span>
            </Link>
          </li>
        ))}
      </ul>
    </nav>
  );
}
