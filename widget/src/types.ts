/** What goes over the wire, under the names the widget uses. */

import type { Answer, Missed, Schemas } from './events.gen';

export type { FromServer, ToServer, VisitorEvent } from './events.gen';

export type VisitorMessage = Schemas['VisitorMessageRead'];
export type AuthorKind = Schemas['AuthorKind'];
export type WidgetSession = Schemas['WidgetSession'];
export type MessagePage = Schemas['VisitorMessagePage'];
export type PageContext = Schemas['ContextSet'];
export type VisitContext = Schemas['MessageContext'];
export type MessageDraft = Schemas['MessageSend'];
export type AgentTyping = Schemas['AgentTyping'];
export type MessageAnswer = Answer<Schemas['MessageSent']>;
export type LogAnswer = Answer<Missed>;
export type Refusal = Schemas['Refusal'];
