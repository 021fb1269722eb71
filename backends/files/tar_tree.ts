/** What an archive's entry became, and what is in it. */
export interface TreeNode {
  /** What it is on this side; `skipped` is not there. */
  readonly kind: "folder" | "file" | "symlink" | "skipped";
  /** Its name. */
  readonly name: string;
  /** The folder that it is in; undefined for the root. */
  readonly parent: TreeNode | undefined;
  /** What is in it, by name, if it is a folder. */
  readonly children: Map<string, TreeNode>;
  /** What it points to, if it is a link. */
  readonly target?: string;
}

/** How many links may lead to one another, as in the kernel. */
const HOPS_MAX = 40;

const NOTHING: Map<string, TreeNode> = new Map();

/** A node, put into its folder. */
export function addNode(
  kind: TreeNode["kind"],
  name: string,
  parent?: TreeNode,
  target?: string,
): TreeNode {
  const children = kind === "folder" ? new Map() : NOTHING;
  const node = {
    kind,
    name,
    parent,
    children,
    ...(target === undefined ? {} : { target }),
  };
  parent?.children.set(name, node);
  return node;
}

/** The path of a node from the root, with slashes. */
export function pathOf(node: TreeNode): string {
  const parts: string[] = [];
  for (
    let at: TreeNode | undefined = node;
    at?.parent !== undefined;
    at = at.parent
  ) parts.push(at.name);
  return parts.reverse().join("/");
}

/** Finds out where links lead, within a tree that is complete. */
export class LinkResolver {
  readonly #known = new Map<TreeNode, TreeNode | string>();

  /**
   * Follows a link as the kernel would, through other links and out of them.
   *
   * @param link The link.
   * @returns The file or folder that it leads to; or why it leads to none.
   */
  resolve(link: TreeNode, hops = 0): TreeNode | string {
    const known = this.#known.get(link);
    if (known !== undefined) return known;
    const found = hops < HOPS_MAX
      ? this.#follow(link, hops)
      : "leads through too many links";
    this.#known.set(link, found);
    return found;
  }

  #follow({ target = "", parent }: TreeNode, hops: number): TreeNode | string {
    if (target.startsWith("/")) return "is absolute";
    if (target === "") return "leads to nothing in the archive";
    let at = parent!;
    for (const part of target.split("/")) {
      // What is no folder has nothing in it or above it, and no slash behind it.
      if (at.kind !== "folder") return "leads to nothing in the archive";
      if (part === "" || part === ".") continue;
      const next = part === ".." ? at.parent : at.children.get(part);
      if (next === undefined) {
        return part === ".."
          ? "leads out of the folder"
          : "leads to nothing in the archive";
      }
      const found = next.kind === "symlink"
        ? this.resolve(next, hops + 1)
        : next;
      if (typeof found === "string") return found;
      if (found.kind === "skipped") return "leads to what was left out";
      at = found;
    }
    return at;
  }
}
