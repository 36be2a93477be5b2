import type { ServiceGating } from "../../functions/gate/gating/index.ts";
import type { DeployedTarget } from "../deployed/target.ts";

/** A credential that is tried. */
export interface Credential {
  value: string;
  /** `gate`: the gate's own. `shell`: from the environment of whoever asks, which need not be the gate's. */
  from: "gate" | "shell";
}

/** What is examined. */
export interface Subject {
  /** Where the gate is; null: only its table is known. */
  gateUrl: string | null;
  /** Where PagerDuty should deliver to. */
  webhookUrl: string | null;
  /** Where proposals go. */
  proposalsUrl: string | null;
  /** Gate and emulators of `npm start`: its clock may have been moved on. */
  embedded: boolean;
  target: DeployedTarget | null;
  pagerDuty: { apiUrl: string; token: Credential | null; from: string | null };
  cheqpoint: { apiUrl: string; key: Credential | null };
  /** ARNs by what they hold; null when nothing tells them. */
  secretArns: Readonly<Record<string, string>> | null;
}

export interface GatedService {
  /** As the gating lists it: PagerDuty's name or id. */
  key: string;
  /** The service that the gate takes it for; null or absent: it does not tell. */
  serviceId?: string | null;
  gating: ServiceGating;
}

/** A gated service that PagerDuty has. */
export interface KnownService extends GatedService {
  id: string;
  name: string;
  teamIds: string[];
  escalationPolicyId: string | null;
}
