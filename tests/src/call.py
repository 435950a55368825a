

# One call: argv[2] is the service, argv[3] the operation, argv[4] its parameters.
answer = getattr(client(sys.argv[2]), sys.argv[3])(**json.loads(sys.argv[4]))
print(json.dumps(answer, default=str))
