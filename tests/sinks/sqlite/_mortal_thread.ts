// A thread of the SQLite sink that dies at its next write when it is told to, as
// it does by an error that nobody has foreseen.
import { serve, type ThreadScope } from "../../../sinks/sqlite/worker.ts";

interface Mortal {
  readonly when: "before" | "after";
  readonly how: "throws" | "rejects";
}

const scope = globalThis as unknown as ThreadScope;
serve(scope);
const answer = scope.onmessage!;
let mortal: Mortal | undefined;

function die(how: Mortal["how"]): void {
  if (how === "throws") throw new Error("died in a test");
  void Promise.reject(new Error("died in a test"));
}

scope.onmessage = async (event) => {
  const data = event.data as { mortal?: Mortal; call?: string };
  if (data.mortal !== undefined) {
    mortal = data.mortal;
    return;
  }
  const isLast = mortal !== undefined && data.call === "write";
  if (!isLast) return answer(event);
  const { when, how } = mortal!;
  if (when === "before") die(how);
  else {
    const { postMessage } = scope;
    scope.postMessage = () => die(how);
    await answer(event);
    scope.postMessage = postMessage;
  }
};
