import * as aws from "@pulumi/aws";
import * as pulumi from "@pulumi/pulumi";
import * as random from "@pulumi/random";
import { proposerNameProblem } from "../functions/gate/gating/index.ts";
import { checked, optional, refuse, secretText, shown, textMap } from "./inputs.ts";
import { CALLER_NAME } from "./textRules.ts";
import { onceWithin } from "./onceWithin.ts";

/** A key that the gate makes for somebody. */
export interface KeySettings {
  /** A changed value makes a new key; the one before stays good for a day, or until the next change. */
  keepers?: pulumi.Input<{ [name: string]: pulumi.Input<string> }>;
}

/** How often somebody may propose; more is answered 429. */
export interface ProposerLimits {
  /** Proposals in any minute, 1 to 1000. Defaults to 60. */
  perMinute?: pulumi.Input<number>;
  /** Proposals in any hour, 1 to 10000. Defaults to 600. */
  perHour?: pulumi.Input<number>;
}

/** Somebody who may propose. */
export interface ProposerSettings {
  /** A changed value makes a new key; the one before stays good for a day, or until the next change. */
  keepers?: pulumi.Input<{ [name: string]: pulumi.Input<string> }>;
  /** How often it may propose. Defaults to 60 times a minute and 600 times an hour. */
  limits?: ProposerLimits;
}

/** How Cheqpoint signs its callbacks. */
export interface CallbackSigning {
  /** The signing secret that Cheqpoint shows. Defaults to a new key, to be entered there. */
  secret?: pulumi.Input<string>;
  /** A changed value makes a new key, where the gate makes it. */
  keepers?: pulumi.Input<{ [name: string]: pulumi.Input<string> }>;
}

/** Inputs of {@link GateSecrets}. */
export interface GateSecretsArgs {
  /** Cheqpoint's Connection Key. */
  cheqpointConnectionKey: pulumi.Input<string>;
  /** PagerDuty API token that the worker acts with. */
  pagerdutyToken: pulumi.Input<string>;
  /** Who may propose, by name; each gets a token. */
  proposers?: { [name: string]: ProposerSettings };
  /** Who may read every proposal and its history, by name; each gets a token. Defaults to nobody. */
  operators?: { [name: string]: KeySettings };
  /** Checks the signature of Cheqpoint's callbacks. Defaults to no check: the callback's address and a read-back protect. */
  callbackSigning?: CallbackSigning;
  /** Days that a deleted secret can be restored: 0 or 7 to 30. Defaults to 7. */
  recoveryWindowDays?: pulumi.Input<number>;
  /** Key for the secrets. Defaults to the account's key for Secrets Manager. */
  kmsKeyArn?: pulumi.Input<string>;
  /** Tags of all secrets. */
  tags?: pulumi.Input<{ [name: string]: pulumi.Input<string> }>;
}

/** The gate's secrets in Secrets Manager; functions are told only where they are. */
export class GateSecrets {
  /** ARN of the secret with the PagerDuty API token. */
  readonly pagerdutyTokenArn: pulumi.Output<string>;
  /** ARN of the secret with Cheqpoint's Connection Key. */
  readonly cheqpointKeyArn: pulumi.Output<string>;
  /** ARN of the secret with the proposers' tokens. */
  readonly proposersArn: pulumi.Output<string>;
  /** ARN of the secret with the operators' tokens; absent without operators. */
  readonly operatorsArn?: pulumi.Output<string>;
  /** ARN of the secret for callback signatures; absent when they are not checked. */
  readonly callbackArn?: pulumi.Output<string>;
  /** ARN of the secret for webhook signatures, filled once PagerDuty has told them. */
  readonly webhookArn: pulumi.Output<string>;
  /** Tokens by proposer; secret. */
  readonly proposerTokens: pulumi.Output<{ [name: string]: string }>;
  /** Tokens by operator; secret. */
  readonly operatorTokens: pulumi.Output<{ [name: string]: string }>;
  /** Key of the callbacks' signatures; secret, absent when they are not checked. */
  readonly callbackSecret?: pulumi.Output<string>;
  /** They can be read once these are there. */
  readonly resources: pulumi.Resource[];

  /** @param name Begins the names of its resources. */
  constructor(name: string, args: GateSecretsArgs, opts?: pulumi.CustomResourceOptions) {
    const parent = onceWithin("GateSecrets", name, opts);
    this.resources = [];
    const store = (what: string, description: string, value: pulumi.Input<string> | undefined) => {
      const { arn, resource } = storedSecret(`${name}-${what}`, description, value, args, parent);
      this.resources.push(resource);
      return arn;
    };

    this.pagerdutyTokenArn = store(
      "pagerduty-token",
      "PagerDuty API token that the worker acts with",
      secretText("pagerdutyToken", args.pagerdutyToken),
    );
    this.cheqpointKeyArn = store(
      "cheqpoint-key",
      "Cheqpoint Connection Key",
      secretText("cheqpointConnectionKey", args.cheqpointConnectionKey),
    );

    this.proposerTokens = tokens(`${name}-proposer`, "proposers", args.proposers ?? {}, parent);
    this.proposersArn = store(
      "proposers",
      "Tokens of those who may propose, by name",
      pulumi.jsonStringify(this.proposerTokens),
    );
    this.operatorTokens = tokens(`${name}-operator`, "operators", args.operators ?? {}, parent);
    if (Object.keys(args.operators ?? {}).length > 0) {
      this.operatorsArn = store(
        "operators",
        "Tokens of those who may read every proposal, by name",
        pulumi.jsonStringify(this.operatorTokens),
      );
    }
    if (args.callbackSigning !== undefined) {
      this.callbackSecret = callbackKey(`${name}-callback`, args.callbackSigning, parent);
      this.callbackArn = store(
        "callback",
        "Key of the signatures of Cheqpoint's callbacks",
        this.callbackSecret,
      );
    }
    this.webhookArn = store("webhook", "Keys of the signatures of PagerDuty's webhooks", undefined);
  }
}

/** A secret, with a first version unless its value comes later. */
function storedSecret(
  name: string,
  description: string,
  value: pulumi.Input<string> | undefined,
  args: GateSecretsArgs,
  opts: pulumi.CustomResourceOptions,
): { arn: pulumi.Output<string>; resource: pulumi.Resource } {
  const secret = new aws.secretsmanager.Secret(
    name,
    {
      description,
      recoveryWindowInDays: recoveryDays("recoveryWindowDays", args.recoveryWindowDays ?? 7),
      ...(args.kmsKeyArn === undefined ? {} : { kmsKeyId: args.kmsKeyArn }),
      tags: args.tags ?? {},
    },
    opts,
  );
  const version =
    value === undefined
      ? secret
      : new aws.secretsmanager.SecretVersion(
          name,
          { secretId: secret.id, secretString: value },
          opts,
        );
  // The secret's ARN, not its version's: a new value must not touch the functions.
  return { arn: secret.arn, resource: version };
}

/** Days that AWS accepts: at once, or at least a week. */
export function recoveryDays(field: string, input: pulumi.Input<number>): pulumi.Output<number> {
  return checked(input, (days) =>
    isRecoveryPeriod(days) ? days : refuse(`\`${field}\` must be 0 or 7 to 30, got ${shown(days)}`),
  );
}

export function isRecoveryPeriod(days: number): boolean {
  return days === 0 || (Number.isInteger(days) && days >= 7 && days <= 30);
}

/** A token for each name. */
function tokens(
  prefix: string,
  field: string,
  keys: { [name: string]: KeySettings },
  opts: pulumi.CustomResourceOptions,
): pulumi.Output<{ [name: string]: string }> {
  const made = Object.entries(keys).map(([name, settings]): [string, pulumi.Output<string>] => {
    const [pattern, rule] = CALLER_NAME;
    if (!pattern.test(name)) {
      refuse(`\`${field}\` must have names of ${rule}, got ${shown(name)}`);
    }
    const problem = proposerNameProblem(name);
    if (problem !== null) {
      refuse(`\`${field}\` ${problem}`);
    }
    return [name, randomKey(`${prefix}-${name}`, `${field}.${name}`, settings.keepers, opts)];
  });
  return pulumi.secret(pulumi.output(Object.fromEntries(made)));
}

/** 43 letters and digits hold 256 bits. */
function randomKey(
  name: string,
  field: string,
  keepers: KeySettings["keepers"],
  opts: pulumi.CustomResourceOptions,
): pulumi.Output<string> {
  return pulumi.secret(
    new random.RandomPassword(
      name,
      {
        length: 43,
        special: false,
        ...optional("keepers", keepers && textMap(`${field}.keepers`, keepers)),
      },
      opts,
    ).result,
  );
}

function callbackKey(
  name: string,
  signing: CallbackSigning,
  opts: pulumi.CustomResourceOptions,
): pulumi.Output<string> {
  if (signing.secret !== undefined) {
    if (signing.keepers !== undefined) {
      refuse("Only one of `callbackSigning.secret` and `callbackSigning.keepers` can be given");
    }
    return secretText("callbackSigning.secret", signing.secret);
  }
  return randomKey(name, "callbackSigning", signing.keepers, opts);
}
