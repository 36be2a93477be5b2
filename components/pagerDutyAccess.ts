import * as pagerduty from "@pulumi/pagerduty";
import * as pulumi from "@pulumi/pulumi";
import { isPlain, refuse } from "./inputs.ts";
import { TokenType } from "./tokenType.ts";

/** What of a gate's arguments tells how its PagerDuty is reached. */
interface Access {
  pagerdutyToken: pulumi.Input<string>;
  pagerdutyTokenType?: pulumi.Input<string>;
  pagerdutyApiUrl: pulumi.Input<string>;
}

/**
 * A provider for what a gate looks up and makes in PagerDuty while it is deployed; undefined where its user has handed one
 * over, or configured Pulumi's own.
 */
export function ownProvider(
  name: string,
  gate: pulumi.Resource,
  { pagerdutyToken, pagerdutyTokenType, pagerdutyApiUrl }: Access,
): pagerduty.Provider | undefined {
  if (isHandedOver(gate) || isConfigured()) {
    return undefined;
  }
  if (isPlain(pagerdutyTokenType) && pagerdutyTokenType === TokenType.Bearer) {
    mustReach(name, gate);
    return undefined;
  }
  return new pagerduty.Provider(
    `${name}-pagerduty`,
    { token: pulumi.secret(pagerdutyToken), apiUrlOverride: pagerdutyApiUrl },
    { parent: gate },
  );
}

/** That the deployment can ask PagerDuty at all: its provider says only that something is missing, with a stack. */
export function mustReach(name: string, resource: pulumi.Resource): void {
  if (!isHandedOver(resource) && !isConfigured() && !isInEnvironment()) {
    refuse(
      `\`${name}\` needs a PagerDuty API key to look services up while it is deployed: set \`pagerduty:token\`, or hand a \`pagerduty.Provider\` to it`,
    );
  }
}

function isHandedOver(resource: pulumi.Resource): boolean {
  return resource.getProvider("pagerduty:index/service:Service") !== undefined;
}

const TOKENS = ["token", "userToken"];

function isConfigured(): boolean {
  return TOKENS.some((key) => isGiven(pulumi.runtime.getConfig(`pagerduty:${key}`)));
}

function isInEnvironment(): boolean {
  return ["PAGERDUTY_TOKEN", "PAGERDUTY_USER_TOKEN"].some((name) => isGiven(process.env[name]));
}

function isGiven(text: string | undefined): boolean {
  return text !== undefined && text !== "";
}
