import { createFileRoute } from '@tanstack/react-router';
import { NothingOpen } from '../../../../app/nothing-open';

export const Route = createFileRoute('/_member/p/$projectId/_inbox/')({ component: NothingOpen });
