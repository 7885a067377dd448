import { type FormEvent, useState } from 'react';
import { explain } from '../../api/refusal';
import { signIn } from '../../api/session';
import { useSession } from '../../api/use-session';
import { Alert } from '../../ui/alert';
import { Button } from '../../ui/button';
import { TextField } from '../../ui/field';
import { PlainPage } from '../../ui/plain-page';

/** For those who have an account. `onDone` goes back to where one was. */
export function SignInPage({ onDone }: { onDone: () => void }) {
  const session = useSession();
  const [email, setEmail] = useState('');
  const [password, setPassword] = useState('');
  const [fault, setFault] = useState<string | null>(null);
  const [isPending, setPending] = useState(false);
  const hasExpired = session.status === 'signed-out' && session.why === 'expired';

  const submit = async (event: FormEvent) => {
    event.preventDefault();
    if (email.trim() === '' || password === '') {
      setFault('Write your e-mail address and your password.');
      return;
    }
    setPending(true);
    setFault(null);
    try {
      await signIn(email.trim(), password);
      onDone();
    } catch (error) {
      setFault(explain(error));
      setPending(false);
    }
  };

  return (
    <PlainPage
      title="Sign in"
      lead={
        hasExpired
          ? 'Your session has expired. Sign in to go on where you were; what you wrote is kept.'
          : 'Welcome back.'
      }
    >
      <form onSubmit={submit} noValidate className="grid gap-4">
        <TextField
          label="E-mail"
          type="email"
          name="email"
          autoComplete="username"
          autoFocus
          isRequired
          value={email}
          onChange={setEmail}
        />
        <TextField
          label="Password"
          type="password"
          name="password"
          autoComplete="current-password"
          isRequired
          value={password}
          onChange={setPassword}
        />
        {fault && <Alert>{fault}</Alert>}
        <Button type="submit" look="primary" size="large" isPending={isPending}>
          Sign in
        </Button>
      </form>
    </PlainPage>
  );
}
