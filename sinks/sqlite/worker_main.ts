// The module that a thread is started with. Nothing else may import it, but for
// the graph's sake; see thread.ts.
import { serve, type ThreadScope } from "./worker.ts";

serve(globalThis as unknown as ThreadScope);
