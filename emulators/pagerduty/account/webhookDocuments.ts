export interface Subscription {
  id: string;
  deliveryMethodId: string;
  url: string;
  secret: string;
  customHeaders: { name: string; value: string }[];
  description: string | null;
  active: boolean;
  events: string[];
  filter: { type: string; id: string | null };
  oauthClient: string | null;
  consecutiveDrops: number;
  disabledUntilMs: number | null;
}

type DeliveryState = "pending" | "delivered" | "dropped" | "expired" | "lost";

interface DeliveryAttempt {
  atMs: number;
  /** What the receiver answered, or null when there was no answer. */
  status: number | null;
  error: string | null;
}

export interface Delivery {
  id: string;
  webhookId: string;
  subscription: string;
  /** Deliveries of one lane go out one after the other. */
  lane: string;
  eventId: string;
  eventType: string;
  body: string;
  state: DeliveryState;
  createdAtMs: number;
  dueAtMs: number | null;
  attempts: DeliveryAttempt[];
}
