import * as aws from "@pulumi/aws";
import * as pulumi from "@pulumi/pulumi";
import { integer } from "./inputs.ts";
import { merged } from "./overrides.ts";
import { onceWithin } from "./onceWithin.ts";

/** Arguments to set on the queues whatever the component says. */
export interface WorkQueueTransform {
  /** For the queue. */
  queue?: Partial<aws.sqs.QueueArgs>;
  /** For the dead-letter queue. */
  deadLetters?: Partial<aws.sqs.QueueArgs>;
}

/** Inputs of {@link WorkQueue}. */
export interface WorkQueueArgs {
  /** Timeout of the function that works on the messages; a message stays hidden six times as long. */
  consumerTimeoutSeconds: pulumi.Input<number>;
  /** How often a message is tried before it goes to the dead letters, 1 to 100. Defaults to 5. */
  maxAttempts?: pulumi.Input<number>;
  /** Key for the messages. Defaults to a key that SQS owns. */
  kmsKeyArn?: pulumi.Input<string>;
  /** Tags of both queues. */
  tags?: pulumi.Input<{ [name: string]: pulumi.Input<string> }>;
  /** Arguments to set whatever this component says. */
  transform?: WorkQueueTransform;
}

/** The queue of proposals to look at, and where messages go that nobody could work on. */
export class WorkQueue {
  /** URL to send to. */
  readonly url: pulumi.Output<string>;
  /** ARN of the queue. */
  readonly arn: pulumi.Output<string>;
  /** Name of the queue. */
  readonly queueName: pulumi.Output<string>;
  /** Name of the dead-letter queue. */
  readonly deadLetterQueueName: pulumi.Output<string>;
  /** URL of the dead-letter queue. */
  readonly deadLetterQueueUrl: pulumi.Output<string>;

  /** @param name Begins the names of its resources. */
  constructor(name: string, args: WorkQueueArgs, opts?: pulumi.CustomResourceOptions) {
    const timeout = integer("consumerTimeoutSeconds", args.consumerTimeoutSeconds, 1, 900);
    const maxAttempts = integer("maxAttempts", args.maxAttempts ?? 5, 1, 100);
    const encryption =
      args.kmsKeyArn === undefined
        ? { sqsManagedSseEnabled: true }
        : { kmsMasterKeyId: args.kmsKeyArn, kmsDataKeyReusePeriodSeconds: 300 };
    const tags = args.tags ?? {};
    const { transform = {} } = args;
    const parent = onceWithin("WorkQueue", name, opts);

    const deadLetters = new aws.sqs.Queue(
      `${name}-dead-letters`,
      merged(
        { messageRetentionSeconds: FOURTEEN_DAYS, ...encryption, tags },
        transform.deadLetters,
      ),
      parent,
    );
    const queue = new aws.sqs.Queue(
      name,
      merged(
        {
          visibilityTimeoutSeconds: timeout.apply((seconds) => seconds * 6),
          // Long enough for a consumer that is down over a weekend; the sweep heals what is lost.
          messageRetentionSeconds: FOUR_DAYS,
          redrivePolicy: pulumi.jsonStringify({
            deadLetterTargetArn: deadLetters.arn,
            maxReceiveCount: maxAttempts,
          }),
          ...encryption,
          tags,
        },
        transform.queue,
      ),
      parent,
    );

    this.url = queue.url;
    this.arn = queue.arn;
    this.queueName = queue.name;
    this.deadLetterQueueName = deadLetters.name;
    this.deadLetterQueueUrl = deadLetters.url;
  }
}

const FOURTEEN_DAYS = 1_209_600;
const FOUR_DAYS = 345_600;
