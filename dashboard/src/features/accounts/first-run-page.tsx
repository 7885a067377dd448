import { Link } from '@tanstack/react-router';
import { type FormEvent, useState } from 'react';
import { explain, Refusal } from '../../api/refusal';
import { signUp } from '../../api/session';
import { Alert } from '../../ui/alert';
import { Button } from '../../ui/button';
import { TextField } from '../../ui/field';
import { PlainPage } from '../../ui/plain-page';

const SHORTEST = 12;

interface Account {
  name: string;
  email: string;
  password: string;
}

function faultsOf({ name, email, password }: Account): Record<string, string> {
  const faults: Record<string, string> = {};
  if (name === '') faults.name = 'Visitors will see this name. Write yours.';
  if (!/^\S+@\S+$/u.test(email)) faults.email = 'Write your e-mail address.';
  if ([...password].length < SHORTEST) {
    faults.password = `Use at least ${SHORTEST} characters.`;
  }
  return faults;
}

/** The first account of a new server. Afterwards this page is closed. */
export function FirstRunPage({ onDone }: { onDone: () => void }) {
  const [name, setName] = useState('');
  const [email, setEmail] = useState('');
  const [password, setPassword] = useState('');
  const [faults, setFaults] = useState<Record<string, string>>({});
  const [failure, setFailure] = useState<unknown>(null);
  const [isPending, setPending] = useState(false);

  const submit = async (event: FormEvent) => {
    event.preventDefault();
    const account = { name: name.trim(), email: email.trim(), password };
    const wrong = faultsOf(account);
    setFaults(wrong);
    setFailure(null);
    if (Object.keys(wrong).length > 0) return;
    setPending(true);
    try {
      await signUp(account);
      onDone();
    } catch (error) {
      const fields = error instanceof Refusal ? error.fields : {};
      setFaults(fields);
      if (Object.keys(fields).length === 0) setFailure(error);
      setPending(false);
    }
  };

  return (
    <PlainPage
      title="Welcome to Parlour"
      lead="Create the first account of this server. It manages everything."
      step={{ at: 1, of: 3 }}
    >
      <form onSubmit={submit} noValidate className="grid gap-4">
        <TextField
          label="Your name"
          name="name"
          autoComplete="name"
          autoFocus
          isRequired
          maxLength={100}
          value={name}
          onChange={setName}
          description="Visitors see it beside your replies."
          errorMessage={faults.name}
        />
        <TextField
          label="E-mail"
          type="email"
          name="email"
          autoComplete="username"
          isRequired
          value={email}
          onChange={setEmail}
          errorMessage={faults.email}
        />
        <TextField
          label="Password"
          type="password"
          name="password"
          autoComplete="new-password"
          isRequired
          value={password}
          onChange={setPassword}
          description={`At least ${SHORTEST} characters. A few words in a row are good.`}
          errorMessage={faults.password}
        />
        {failure !== null && <SignUpFailure error={failure} />}
        <Button type="submit" look="primary" size="large" isPending={isPending}>
          Create account
        </Button>
      </form>
    </PlainPage>
  );
}

function SignUpFailure({ error }: { error: unknown }) {
  if (!(error instanceof Refusal && error.code === 'sign_up_closed')) {
    return <Alert>{explain(error)}</Alert>;
  }
  return (
    <Alert>
      Somebody has set this server up already.{' '}
      <Link to="/sign-in" className="font-[550] underline underline-offset-2">
        Sign in
      </Link>
    </Alert>
  );
}
