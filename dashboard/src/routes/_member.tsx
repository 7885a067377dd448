import { createFileRoute, Outlet } from '@tanstack/react-router';
import { requireMember } from '../app/session-guard';

export const Route = createFileRoute('/_member')({
  beforeLoad: ({ location, preload }) => (preload ? undefined : requireMember(location.publicHref)),
  component: Outlet,
});
