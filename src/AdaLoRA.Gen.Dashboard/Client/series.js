// Pure functions from a run's events to what is drawn.

/** Exponential mean whose first values are not drawn to zero; what is not finite is passed over. Weight 0 gives the values themselves. */
export function smooth(values, weight) {
    let sum = 0;
    let norm = 0;
    return values.map(value => {
        if (!Number.isFinite(value)) return null;
        sum = weight * sum + (1 - weight) * value;
        norm = weight * norm + (1 - weight);
        return sum / norm;
    });
}

/** b(t), as BudgetSchedule.BudgetAt computes it. */
export function budgetAt(budget, totalSteps, step) {
    const decisive = totalSteps - budget.final_warmup;
    if (step <= budget.initial_warmup) return budget.initial;
    if (step >= decisive) return budget.final;
    const left = 1 - (step - budget.initial_warmup) / (decisive - budget.initial_warmup);
    return Math.trunc((budget.initial - budget.final) * left * left * left + budget.final);
}

/** What of the budget a reading of ranks spends, in the budget's unit. A triplet has a row of A, a column of B, and λ. */
export function spent(started, ranks) {
    if (started.budget?.unit !== "parameters") return ranks.ranks.reduce((sum, rank) => sum + rank, 0);
    return ranks.ranks.reduce((sum, rank, i) => sum + rank * (started.targets[i].in_features + started.targets[i].out_features + 1), 0);
}

/** Schedule against what lives, at the steps where either may bend. */
export function budgetCurves(run) {
    const { started, ranks } = run;
    if (!started) return [[], [], []];
    const last = run.lastStep;
    const steps = new Set(ranks.map(r => r.step));
    if (last > 0) steps.add(last);
    if (started.budget) {
        const { initial_warmup: from, final_warmup: after } = started.budget;
        const to = started.total_steps - after;
        for (let i = 0; i <= 100; i++) steps.add(Math.round(from + (to - from) * i / 100));
        steps.add(0);
        steps.add(started.total_steps);
    }
    const xs = [...steps].sort((a, b) => a - b);
    const scheduled = xs.map(x => started.budget ? budgetAt(started.budget, started.total_steps, x) : null);
    let next = 0;
    let now = null;
    const live = xs.map(x => {
        while (next < ranks.length && ranks[next].step <= x) now = spent(started, ranks[next++]);
        return x <= last ? now : null;
    });
    return [xs, scheduled, live];
}

/** Importances by their place in the order, largest first; an event holds evenly spaced ones when there are many. */
export function spectrum(started, ranks) {
    const values = ranks?.importances;
    if (!started || !values?.length) return [[], []];
    const all = Math.max(values.length, started.targets.reduce((sum, t) => sum + t.initial_rank, 0));
    const place = i => values.length === 1 ? 1 : 1 + Math.floor(i * (all - 1) / (values.length - 1));
    return [values.map((_, i) => place(i)), values.map(v => v > 0 && Number.isFinite(v) ? v : null)];
}

/** All numbers of the evaluations, the one that decides first. */
export function metrics(evaluations) {
    const names = new Set();
    for (const e of evaluations) names.add(e.metric);
    for (const e of evaluations) for (const name of e.further.keys()) names.add(name);
    return [...names];
}

export function metricOf(evaluation, name) {
    return evaluation.metric === name ? evaluation.value : evaluation.further.get(name) ?? NaN;
}
