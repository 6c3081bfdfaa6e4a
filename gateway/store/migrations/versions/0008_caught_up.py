"""what processes of the release before wrote after 0005: events of dossiers and terms of messages in beraad"""

from alembic import op

revision = "0008"
down_revision = "0007"
stage = "post"

_EERSTE = """
INSERT INTO dossierverloop (dossiernummer, bericht_id, soort, dag, velden, status)
SELECT d.dossiernummer, d.bericht_id, 'StartVerblijf', d.start, {velden},
       CASE WHEN d.status = 'geannuleerd' THEN 'aanvaard' ELSE d.status END
FROM dossier d WHERE NOT EXISTS (SELECT 1 FROM dossierverloop v WHERE v.bericht_id = d.bericht_id)
"""
_LATER = """
INSERT INTO dossierverloop (dossiernummer, bericht_id, soort, dag, velden, status)
SELECT b.dossiernummer, b.id, b.soort, b.referentiedatum, '{}', 'aanvaard' FROM bericht b
JOIN dossier d ON d.dossiernummer = b.dossiernummer AND d.bericht_id <> b.id
WHERE b.dienst = 'aanvraag' AND b.uitkomst = 'aanvaard' AND b.soort IN ('EindeVerblijf', 'Annulering')
AND NOT EXISTS (SELECT 1 FROM dossierverloop v WHERE v.bericht_id = b.id)
ORDER BY b.ontvangen_op, b.id
"""
_BERAAD = """
INSERT INTO beraad (bericht_id, zorgkas, sinds, vervalt_op)
SELECT b.id, b.zorgkas, b.ontvangen_op, {maanden} FROM bericht b
WHERE b.uitkomst = 'in_beraad' AND b.zorgkas IS NOT NULL AND NOT EXISTS (SELECT 1 FROM beraad t WHERE t.bericht_id = b.id)
"""


def upgrade() -> None:
    sqlite = op.get_bind().dialect.name == "sqlite"
    function = "json_object" if sqlite else "json_build_object"
    op.execute(_EERSTE.format(velden=f"{function}('TypeVerblijf', d.type_verblijf)"))
    op.execute(_LATER)
    maanden = "date(b.ontvangen_op, '+2 months')" if sqlite else "(b.ontvangen_op + interval '2 months')::date"
    op.execute(_BERAAD.format(maanden=maanden))


def downgrade() -> None:
    """Rows that were caught up stay: the release of 0005 wants them too."""
