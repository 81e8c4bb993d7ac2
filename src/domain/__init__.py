"""What Busbar decides: pure functions and values, standard library only.

Rooms, each knowing only those below it:

    microgrid     the aggregate: configurations and cycles in, events out
    events        what it announces                        published    whether a cycle says anything new
    sharing       who gets what                            breaches     what is over its limit
    knowledge     what is known at an instant: readings, limits, what was told and may be drawn, background
    site          what is configured, and the tree of power nodes derived from it

One cycle, in reading order (under 1,500 lines):

1. `microgrid`, `Microgrid.run_cycle`: the whole cycle in one function.
2. `knowledge.situation`: what is known, put together: a `Line` a connector, a `NodeView` a node.
3. `knowledge.demand`: who wants, who is idle, and who is out of reach and so reserved.
4. `knowledge.lines`: one connector: how it takes part, what it was told, what is held for it.
5. `knowledge.ledger`: how much that is: what of all it was told may be in force.
6. `knowledge.holdings`: what that takes at every node, before anything is shared out.
7. `sharing.rebalance`: ranks, shares, what may be sent, what is sent and the certificate, one call each.
8. `sharing.transition`: decreases at once, raises only into room that nothing else may still be using.
9. `breaches.breach`: how a load over its limit becomes a breach, and how that ends.

Beside it: `sharing.figures` gives the reasons, `sharing.measured` what every node measures, `sharing.settling` lets
small changes wait, `sharing.rotation` ranks by the orders of `sharing.strategy`, `sharing.targets` shares what is
demanded and what that leaves, `sharing.allocation` is the fill, `sharing.safe_answer` goes out where a plan is refused,
`knowledge.hearing` what the newest messages say, `knowledge.confirmation` what a message shows, `knowledge.obedience`
who obeys and by what factor, `knowledge.background` the load that is not ours, `breaches.observation` what is seen to
be drawn, `site.power_tree` the tree.
"""
