import { type Owner, ownerLabels } from "./owner.ts";

/** The label that every container of this backend has, and nothing else. */
export const BACKEND_LABEL = "zu.backend";
/** Its value. */
export const BACKEND_NAME = "local-docker";
const EXPIRES_LABEL = "zu.expires";
const RUN_LABEL = "zu.run";

/** What a container's labels say, beside its user's own. */
export interface Belonging {
  readonly owner: Owner;
  /** What the owner calls the run. */
  readonly run: string;
  /** When its time to live is over, in milliseconds since 1970. */
  readonly expiresAt: number;
}

/** The labels of a container. */
export function belongingLabels(
  { owner, run, expiresAt }: Belonging,
): Record<string, string> {
  return {
    [BACKEND_LABEL]: BACKEND_NAME,
    [RUN_LABEL]: run,
    [EXPIRES_LABEL]: new Date(expiresAt).toISOString(),
    ...ownerLabels(owner),
  };
}

/** When a container's time to live is over; NaN if its labels do not say. */
export function expiryOf(labels: Readonly<Record<string, string>>): number {
  return Date.parse(labels[EXPIRES_LABEL] ?? "");
}
