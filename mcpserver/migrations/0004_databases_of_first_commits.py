from django.db import migrations, models


def complete(apps, schema_editor):
    """0001 was edited after it had landed: databases that were made before lack what it says now.

    What is there stays, so that this does nothing to a database that was made later.
    """
    introspection = schema_editor.connection.introspection
    for name in ("Event", "ToolCall"):
        model = apps.get_model("mcpserver", name)
        table = model._meta.db_table
        with schema_editor.connection.cursor() as cursor:
            there = introspection.get_constraints(cursor, table)
        for index in model._meta.indexes:
            if index.name not in there:
                schema_editor.add_index(model, index)
    lengthen_detail(apps.get_model("mcpserver", "Event"), schema_editor)


def lengthen_detail(event, schema_editor):
    introspection = schema_editor.connection.introspection
    with schema_editor.connection.cursor() as cursor:
        columns = introspection.get_table_description(cursor, event._meta.db_table)
    (detail,) = (column for column in columns if column.name == "detail")
    if introspection.get_field_type(detail.type_code, detail) == "TextField":
        return
    short = models.CharField(max_length=500, blank=True)
    short.set_attributes_from_name("detail")
    short.model = event
    schema_editor.alter_field(event, short, event._meta.get_field("detail"))


class Migration(migrations.Migration):

    dependencies = [
        ("mcpserver", "0003_callsummary"),
    ]

    operations = [
        migrations.RunPython(complete, migrations.RunPython.noop),
    ]
