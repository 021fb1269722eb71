/** A row of the table: what was measured, and what the project asks for. */
export interface Row {
  readonly what: string;
  readonly measured: string;
  readonly ratio: number;
  /** The ratio that is asked for, if any is: a least one, or a most one. */
  readonly bound?: { readonly least: number } | { readonly most: number };
  readonly unit?: string;
}

/** Whether a row keeps its bound. */
export function holds({ ratio, bound }: Row): boolean {
  if (bound === undefined) return true;
  return "least" in bound ? ratio >= bound.least : ratio <= bound.most;
}

/** A rate as it stands in the table. */
export function perSecond(rate: number): string {
  return rate >= 10_000
    ? `${(rate / 1000).toFixed(1)}k/s`
    : `${rate.toFixed(0)}/s`;
}
