import { Button, Center, Loader, Stack, Text } from "@mantine/core";
import { useCallback, useEffect, useState } from "react";
import { Route, Router, Switch } from "wouter";
import { useHashLocation } from "wouter/use-hash-location";
import { explain, session } from "./api/client";
import { queryClient } from "./api/queries";
import { useUser } from "./api/useUser";
import { AccountPage } from "./account/AccountPage";
import { AccountsPage } from "./pages/AccountsPage";
import { EventsPage } from "./pages/EventsPage";
import { KeysPage } from "./pages/KeysPage";
import { LoginPage } from "./pages/LoginPage";
import { NotFound } from "./pages/NotFound";
import { OverviewPage } from "./pages/OverviewPage";
import { SystemPage } from "./pages/SystemPage";
import { WalletPage } from "./pages/WalletPage";
import { Shell } from "./parts/Shell";
import { stream } from "./stream/live";

/** Signed out: the login. A sign-in kept by this tab: its resumption. Signed in: the pages. */
export function App() {
  const user = useUser();
  const id = user?.id ?? null;
  useEffect(() => {
    if (id === null) return;
    stream.start();
    return () => {
      stream.reset();
      queryClient.clear();
    };
  }, [id]);

  if (user !== null) return <Pages />;
  return session.resumable ? <Resume /> : <LoginPage />;
}

function Resume() {
  const [trouble, setTrouble] = useState<string | null>(null);
  const resume = useCallback(() => {
    setTrouble(null);
    session.renew(null).catch((error: unknown) => setTrouble(explain(error)));
  }, []);
  useEffect(resume, [resume]);
  return (
    <Center mih="100vh">
      {trouble === null ? (
        <Loader aria-label="Signing in" />
      ) : (
        <Stack align="center" role="alert">
          <Text>{trouble}</Text>
          <Button onClick={resume}>Try again</Button>
          <Button variant="subtle" onClick={() => session.end()}>
            Sign in anew
          </Button>
        </Stack>
      )}
    </Center>
  );
}

function Pages() {
  return (
    <Router hook={useHashLocation}>
      <Shell>
        <Switch>
          <Route path="/" component={OverviewPage} />
          <Route path="/accounts" component={AccountsPage} />
          <Route path="/accounts/:id/:tab?">
            {({ id, tab }) => <AccountPage key={id} id={id} tab={tab} />}
          </Route>
          <Route path="/wallet" component={WalletPage} />
          <Route path="/events" component={EventsPage} />
          <Route path="/keys" component={KeysPage} />
          <Route path="/system" component={SystemPage} />
          <Route component={NotFound} />
        </Switch>
      </Shell>
    </Router>
  );
}
