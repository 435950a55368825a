"""A stack with a database on the local cloud's MariaDB server: `make PORT`, `read PORT`, `delete PORT`."""

import json
import sys

import pymysql
from support import client, deploy, wait_until

PASSWORD = "{{resolve:secretsmanager:data:SecretString:password}}"


def secret():
    return client("secretsmanager").get_secret_value(SecretId="data")["SecretString"]


def connect(port):
    held = json.loads(secret())

    def connection():
        # A server that comes back is waited for, as every program that uses it does.
        try:
            return pymysql.connect(
                host="127.0.0.1", port=port, user=held["username"], password=held["password"], database="shop", autocommit=True
            )
        except pymysql.err.OperationalError as error:
            if error.args[0] in (2003, 2013):
                return None
            raise

    return wait_until("the server", connection)


def make(port):
    stack = deploy(
        "data",
        {
            "Secret": {
                "Type": "AWS::SecretsManager::Secret",
                "Properties": {
                    "Name": "data",
                    "GenerateSecretString": {
                        "SecretStringTemplate": '{"username": "owner"}', "GenerateStringKey": "password", "ExcludePunctuation": True,
                    },
                },
            },
            "Database": {
                "Type": "AWS::RDS::DBInstance", "DependsOn": "Secret", "DeletionPolicy": "Delete",
                "Properties": {
                    "Engine": "mysql", "DBInstanceClass": "db.t4g.micro", "AllocatedStorage": "20", "DBName": "shop",
                    "MasterUsername": "owner", "MasterUserPassword": PASSWORD, "Port": "3306",
                },
            },
        },
        {
            "Address": {"Fn::GetAtt": "Database.Endpoint.Address"}, "Port": {"Fn::GetAtt": "Database.Endpoint.Port"},
            "Arn": {"Fn::GetAtt": "Database.DBInstanceArn"}, "Secret": {"Ref": "Secret"},
        },
    )
    assert stack["Outputs"]["Address"] == "127.0.0.1" and stack["Outputs"]["Port"] == str(port), stack["Outputs"]
    with connect(port) as connection, connection.cursor() as cursor:
        cursor.execute("CREATE TABLE things (name VARCHAR(20) PRIMARY KEY) ENGINE = InnoDB")
        cursor.execute("INSERT INTO things VALUES ('kept')")
    # The Data API sees the same rows.
    arn = client("secretsmanager").describe_secret(SecretId="data")["ARN"]
    answer = client("rds-data").execute_statement(
        resourceArn=stack["Outputs"]["Arn"], secretArn=arn, database="shop", sql="SELECT name FROM things"
    )
    assert answer["records"] == [[{"stringValue": "kept"}]], answer
    for user in ("owner", "root", ""):
        try:
            pymysql.connect(host="127.0.0.1", port=port, user=user, password="")
        except pymysql.err.OperationalError:
            continue
        raise AssertionError(f"'{user}' came in without a password")


def read(port):
    with connect(port) as connection, connection.cursor() as cursor:
        cursor.execute("SELECT name FROM things")
        print(" ".join(name for (name,) in cursor.fetchall()))


def delete(port):
    held = json.loads(secret())
    client("cloudformation").delete_stack(StackName="data")

    def gone():
        try:
            pymysql.connect(host="127.0.0.1", port=port, user=held["username"], password=held["password"]).close()
            return False
        except pymysql.err.OperationalError as error:
            return error.args[0] == 1045

    wait_until("the user's end", gone)
    print("gone")


if __name__ == "__main__":
    {"make": make, "read": read, "delete": delete}[sys.argv[1]](int(sys.argv[2]))
