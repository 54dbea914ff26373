import { type Cluster, type ClusterOptions, startCluster } from "./cluster.ts";

/** A cluster whose PostgreSQL is started again when it dies. */
export interface RevivedCluster {
  readonly cluster: Cluster;
  /** Resolves if PostgreSQL died and could not be started again. */
  readonly lost: Promise<Error>;
  /** Ends it, as the cluster's own `stop()`. */
  stop(): Promise<void>;
}

/**
 * For how long to try. What PostgreSQL leaves when it is killed can take some seconds to end, and until then
 * the data cannot be started on.
 */
const DEADLINE_MS = 15_000;
const PAUSE_MS = 250;

/** Starts a cluster, and from then on its PostgreSQL again, on the same data, whenever it dies. */
export async function startRevivedCluster(
  options: ClusterOptions,
  tell: (sentence: string) => void,
): Promise<RevivedCluster> {
  const { promise: lost, resolve: giveUp } = Promise.withResolvers<Error>();
  let stopping = false;
  let reviving = Promise.resolve();
  const revive = async () => {
    tell("PostgreSQL ended. Starting it again, on the same data");
    const cluster = await starting;
    const deadline = Date.now() + DEADLINE_MS;
    while (!stopping) {
      try {
        await cluster.restart();
        tell("PostgreSQL runs again");
        return;
      } catch (error) {
        if (Date.now() > deadline) throw error;
        await new Promise((resolve) => setTimeout(resolve, PAUSE_MS));
      }
    }
  };
  const onDeath = () => {
    if (!stopping) reviving = revive().catch(giveUp);
  };
  const starting = startCluster({ ...options, onDeath });
  const cluster = await starting;
  return {
    cluster,
    lost,
    async stop() {
      stopping = true;
      await reviving;
      await cluster.stop();
    },
  };
}
