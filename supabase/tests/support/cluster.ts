import { migrate } from "../../local/migrate.ts";
import {
  ALL_GRANTS,
  createPlatformDatabase,
  createPlatformRoles,
  type DefaultGrants,
  installPgtap,
} from "../../local/platform/platform.ts";
import type { ClusterAddress } from "../../local/postgres/address.ts";
import { type Cluster, startCluster } from "../../local/postgres/cluster.ts";
import { sealTemplate } from "../../local/postgres/databases.ts";

/** The environment variable by which the runner tells test processes where its cluster is. */
export const CLUSTER_VARIABLE = "PERMAFROST_TEST_CLUSTER";

/** The database to clone for a test: migrated, with pgTAP, and never touched by anything else. */
export function templateOf(grants: DefaultGrants): string {
  return `template_${grants}`;
}

/** Starts a cluster that has the templates. */
export async function startTestCluster(): Promise<Cluster> {
  const cluster = await startCluster();
  try {
    await createTemplates(cluster);
    return cluster;
  } catch (error) {
    await cluster.stop();
    throw error;
  }
}

/** A name that no other database of the cluster has. */
export function uniqueName(prefix: string): string {
  return `${prefix}_${crypto.randomUUID().slice(0, 13).replace("-", "")}`;
}

/** The runner's cluster, if a runner started this process. */
export function clusterOfRunner(): ClusterAddress | undefined {
  const value = Deno.env.get(CLUSTER_VARIABLE);
  return value ? JSON.parse(value) : undefined;
}

async function createTemplates({ address, url }: Cluster): Promise<void> {
  await createPlatformRoles(address);
  for (const grants of ALL_GRANTS) {
    const template = templateOf(grants);
    await createPlatformDatabase(address, template, grants);
    await migrate(url(template));
    await installPgtap(address, template);
    await sealTemplate(address, template);
  }
}
