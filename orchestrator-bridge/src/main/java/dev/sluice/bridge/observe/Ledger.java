package dev.sluice.bridge.observe;

import java.util.ArrayList;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;

/// What each client has cost since the server's start. Any thread.
public final class Ledger {
    /// Clients with a line of their own; whoever comes later shares one.
    public static final int CLIENTS_MAX = 1000;
    /// The name of that line.
    public static final String OTHERS = "(others)";

    /// One client's line. Immutable.
    ///
    /// @param requests     that the engine worked for
    /// @param cachedTokens of the prompt tokens, those not computed
    /// @param engineNanos  its rows' share of the models' time: what it took from the others
    public record Account(String client, long requests, long promptTokens, long cachedTokens,
            long completionTokens, long engineNanos) {

        private Account plus(FinishedRequest.Work work) {
            return new Account(client, requests + 1, promptTokens + work.promptTokens(),
                    cachedTokens + work.cachedTokens(),
                    completionTokens + work.completionTokens(), engineNanos + work.engineNanos());
        }

        private static Account empty(String client) {
            return new Account(client, 0, 0, 0, 0, 0);
        }
    }

    private final Map<String, Account> accounts = new LinkedHashMap<>();

    synchronized void add(String client, FinishedRequest.Work work) {
        boolean known = accounts.containsKey(client) || accounts.size() < CLIENTS_MAX;
        String name = known ? client : OTHERS;
        accounts.put(name, accounts.getOrDefault(name, Account.empty(name)).plus(work));
    }

    /// One client's line, of zeros if nothing was done for it.
    public synchronized Account of(String client) {
        return accounts.getOrDefault(client, Account.empty(client));
    }

    /// Every client's, in the order in which they came.
    public synchronized List<Account> all() { return new ArrayList<>(accounts.values()); }
}
