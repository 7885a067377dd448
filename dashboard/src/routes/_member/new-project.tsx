import { createFileRoute } from '@tanstack/react-router';
import { CreateProjectPage } from '../../features/projects/create-project-page';

export const Route = createFileRoute('/_member/new-project')({ component: CreateProjectPage });
