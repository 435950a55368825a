import { useQuery } from "@tanstack/react-query";
import { useSearchParams } from "react-router";

import { categoriesQuery } from "@/features/catalogue/api/products";
import { CategoryFilter } from "@/features/catalogue/components/category-filter";
import { ProductList } from "@/features/catalogue/components/product-list";
import { useApi } from "@/shared/api/api-context";
import { PageHeading } from "@/shared/ui/page";

import { Hero } from "../hero";
import "./catalogue-page.css";

export function CataloguePage() {
  const [search] = useSearchParams();
  const category = search.get("category");
  // The products are worth showing without their categories, so a failure here stays quiet.
  const { data: categories = [] } = useQuery(categoriesQuery(useApi()));
  const counts = categories.filter(({ name }) => category === null || name === category).map(({ count }) => count);
  const total = counts.length > 0 ? counts.reduce((sum, count) => sum + count, 0) : undefined;

  return (
    <>
      <title>{category === null ? "Tarnside · Made for out there, at home everywhere" : `${category} · Tarnside`}</title>
      {category === null ? <Hero /> : <PageHeading className="category-heading">{category}</PageHeading>}
      <div className="catalogue-bar">
        <CategoryFilter categories={categories} selected={category} />
      </div>
      <ProductList key={category} category={category} total={total} />
    </>
  );
}
