import { QueryClient, QueryClientProvider } from '@tanstack/react-query';
import { act, cleanup, render, screen } from '@testing-library/react';
import { afterEach, beforeEach, expect, test, vi } from 'vitest';
import { keys } from '../api/keys';
import type { ConversationDetail, Presence } from '../api/wire';
import { applyContext, applyPresence, applyTyping, useIsTyping } from './signals';

const signal = { project_id: 'p', conversation_id: 'c', visitor_id: 'v' };

function Probe() {
  return <p>{useIsTyping('p', 'c') ? 'typing' : 'still'}</p>;
}

const show = (client: QueryClient) =>
  render(
    <QueryClientProvider client={client}>
      <Probe />
    </QueryClientProvider>,
  );

beforeEach(() => {
  vi.useFakeTimers();
});
afterEach(() => {
  cleanup();
  vi.useRealTimers();
});

test('typing is shown until the visitor stops', () => {
  const client = new QueryClient();
  show(client);
  act(() => {
    applyTyping(client, { ...signal, typing: true });
    vi.advanceTimersByTime(10);
  });
  expect(screen.getByText('typing')).toBeTruthy();
  act(() => {
    applyTyping(client, { ...signal, typing: false });
    vi.advanceTimersByTime(10);
  });
  expect(screen.getByText('still')).toBeTruthy();
});

test('typing ends by itself when its end was lost', () => {
  const client = new QueryClient();
  show(client);
  act(() => {
    applyTyping(client, { ...signal, typing: true });
    vi.advanceTimersByTime(5_900);
  });
  expect(screen.getByText('typing')).toBeTruthy();
  act(() => {
    vi.advanceTimersByTime(200);
  });
  expect(screen.getByText('still')).toBeTruthy();
});

test('a visitor who comes twice is there once, and gone when gone', () => {
  const client = new QueryClient();
  client.setQueryData<Presence>(keys.presence('p'), { visitor_ids: ['v'], user_ids: [] });
  const presence = () => client.getQueryData<Presence>(keys.presence('p'))?.visitor_ids;

  applyPresence(client, { project_id: 'p', visitor_id: 'v', online: true });
  expect(presence()).toEqual(['v']);
  applyPresence(client, { project_id: 'p', visitor_id: 'v', online: false });
  expect(presence()).toEqual([]);
});

test('a page lengthens the trail of its visitor only, and the same page once', () => {
  const client = new QueryClient();
  const detail = (visitor: string) =>
    ({
      visitor: { id: visitor, name: visitor },
      metadata: { referrer: null, landing_page: null, url_history: [] },
    }) as unknown as ConversationDetail;
  client.setQueryData(keys.conversation('p', 'c'), detail('v'));
  client.setQueryData(keys.conversation('p', 'd'), detail('w'));
  const trail = (id: string) =>
    client
      .getQueryData<ConversationDetail>(keys.conversation('p', id))
      ?.metadata.url_history.map(({ url }) => url);

  const visit = { project_id: 'p', visitor_id: 'v', url: 'https://a.example/x', title: 'X' };
  applyContext(client, visit);
  applyContext(client, visit);
  expect(trail('c')).toEqual(['https://a.example/x']);
  expect(trail('d')).toEqual([]);
});
